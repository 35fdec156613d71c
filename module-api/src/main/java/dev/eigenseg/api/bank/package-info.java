/** Feature banks: the patch features of an image collection, on disk. */
package dev.eigenseg.api.bank;
