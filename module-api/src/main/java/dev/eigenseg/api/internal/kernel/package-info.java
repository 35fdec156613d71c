/** The numeric kernels on off-heap memory, each with a scalar twin. */
package dev.eigenseg.api.internal.kernel;
