package dev.eigenseg.spark;

import java.io.Serializable;
import java.util.function.Supplier;

/**
 * Makes options where they are needed, on the driver and in every task: options themselves are not
 * sent. Usually a lambda that captures nothing; it gives equal options wherever it is called.
 *
 * <pre>{@code
 * TaskOptions<SegmentOptions> mirrored = () -> SegmentOptions.DEFAULT.withFlip(true);
 * }</pre>
 *
 * @param <T> the options; numbers of threads in them are replaced by {@code spark.task.cpus}
 */
@FunctionalInterface
public interface TaskOptions<T> extends Supplier<T>, Serializable {}
