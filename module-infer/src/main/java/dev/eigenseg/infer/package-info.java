/** What a model is: its file, its configuration and its method. */
package dev.eigenseg.infer;
