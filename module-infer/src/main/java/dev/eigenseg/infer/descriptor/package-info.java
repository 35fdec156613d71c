/** The built-in backbone, which needs no weights. */
package dev.eigenseg.infer.descriptor;
