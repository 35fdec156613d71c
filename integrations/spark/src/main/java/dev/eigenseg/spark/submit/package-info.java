/** What {@code spark-submit} starts: the jobs of {@code dev.eigenseg.spark} as commands. */
package dev.eigenseg.spark.submit;
