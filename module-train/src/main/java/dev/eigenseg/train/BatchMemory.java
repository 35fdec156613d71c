package dev.eigenseg.train;

import dev.eigenseg.api.Backbone.FeatureDims;
import dev.eigenseg.api.internal.resource.Closing;
import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Owns the memory of the batch that was closed last, for the next one: tens of megabytes that are
 * allocated anew meet a page fault every few kilobytes, and are cleared twice. Not thread-safe.
 */
final class BatchMemory implements AutoCloseable {
  private Optional<Room> spare = Optional.empty();

  /**
   * Owns memory for the patches of a batch, or of a smaller one.
   *
   * @param input float32 {@code [rows, channels]}
   * @param high float32 {@code [rows, channels]}
   * @param colors float32 {@code [rows, 3]}
   */
  record Room(Tensor input, Tensor high, Tensor colors) implements AutoCloseable {
    private static Room of(FeatureDims dims, long rows) {
      List<Tensor> owned = new ArrayList<>();
      try {
        for (int channels : new int[] {dims.total(), dims.high(), 3}) {
          owned.add(Tensor.allocate(DType.F32, rows, channels));
        }
        return new Room(owned.get(0), owned.get(1), owned.get(2));
      } catch (RuntimeException | Error e) {
        Closing.after(e, owned);
        throw e;
      }
    }

    private boolean holds(FeatureDims dims, long rows) {
      return input.size(0) >= rows && input.size(1) == dims.total() && high.size(1) == dims.high();
    }

    @Override
    public void close() {
      try (input;
          high;
          colors) {
        // All are closed, even if one fails.
      }
    }
  }

  /** Room for so many patches at least, whose content is undefined; until it is given back. */
  Room take(FeatureDims dims, long rows) {
    if (spare.isPresent() && spare.get().holds(dims, rows)) {
      Room room = spare.get();
      spare = Optional.empty();
      return room;
    }
    close();
    return Room.of(dims, rows);
  }

  /** Takes a room back, in place of another one. */
  void giveBack(Room room) {
    close();
    spare = Optional.of(room);
  }

  @Override
  public void close() {
    Optional<Room> last = spare;
    spare = Optional.empty();
    last.ifPresent(Room::close);
  }
}
