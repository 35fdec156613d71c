/**
 * Dense arrays outside the heap: a {@link dev.eigenseg.api.tensor.Tensor} owns or borrows one. A
 * {@link dev.eigenseg.api.tensor.FeatureRows} is a matrix that may be larger than memory, such as a
 * level of a bank; rows are copied out of it as float32, whatever {@link
 * dev.eigenseg.api.tensor.DType} they are kept in.
 */
package dev.eigenseg.api.tensor;
