/** What the user gives: images, datasets, models, and the options that several commands share. */
package dev.eigenseg.cli.input;
