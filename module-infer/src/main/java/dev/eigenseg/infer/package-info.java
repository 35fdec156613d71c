/** Models on the Vector API. */
package dev.eigenseg.infer;
