/** The whole pipeline on generated scenes: {@code demo}. */
package dev.eigenseg.cli.demo;
