/** What the networks share: layers, and the layout of memory for one call. */
package dev.eigenseg.infer.layer;
