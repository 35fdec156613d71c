/**
 * Apache Spark drives what one machine does: the same banks, graphs, masks and scores, to the byte,
 * from tasks that may die, run twice or end late.
 *
 * <p>Folders that jobs write must be seen by the driver and by all executors under the same path,
 * and rename as a local disk does: a shared disk, not an object store. Images may come from
 * anywhere that Spark reads.
 */
package dev.eigenseg.spark;
