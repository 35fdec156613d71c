/** Images with ground truth. */
package dev.eigenseg.train.dataset;
