/** Banks to models, and models to ship: {@code train} and {@code export}. */
package dev.eigenseg.cli.train;
