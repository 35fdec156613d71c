/** A page that shows what a model makes of images, in one file. */
package dev.eigenseg.cli.report;
