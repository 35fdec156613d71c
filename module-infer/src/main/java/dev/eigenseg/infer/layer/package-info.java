/** What the networks share: layers, the layout of memory for one call, and the count of callers. */
package dev.eigenseg.infer.layer;
