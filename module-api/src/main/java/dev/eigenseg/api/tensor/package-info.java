/** Dense arrays outside the heap. */
package dev.eigenseg.api.tensor;
