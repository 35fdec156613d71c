/** Studies as data: the tables of the paper, and the same questions on a dataset of one's own. */
package dev.eigenseg.train.study;
