package dev.eigenseg.train;

import dev.eigenseg.api.Backbone.FeatureDims;
import dev.eigenseg.api.internal.resource.Closing;
import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.Tensor;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Owns the memory of the batch that was closed last, for the next one: tens of megabytes that are
 * allocated anew meet a page fault every few kilobytes, and are cleared twice. Not thread-safe.
 */
final class BatchMemory implements AutoCloseable {
  private final Set<Room> lent = Collections.newSetFromMap(new IdentityHashMap<>());
  private Optional<Room> spare = Optional.empty();
  private boolean closed;

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
    Room room = spare.filter(one -> one.holds(dims, rows)).orElseGet(() -> another(dims, rows));
    spare = Optional.empty();
    lent.add(room);
    return room;
  }

  private Room another(FeatureDims dims, long rows) {
    keep(Optional.empty());
    return Room.of(dims, rows);
  }

  /** Takes a room back, in place of another one; does nothing if it is back already. */
  void giveBack(Room room) {
    if (!lent.remove(room)) {
      return;
    }
    if (closed) {
      room.close();
    } else {
      keep(Optional.of(room));
    }
  }

  private void keep(Optional<Room> room) {
    Optional<Room> last = spare;
    spare = room;
    last.ifPresent(Room::close);
  }

  /** Frees what is kept; a room that is still lent is freed when it comes back. */
  @Override
  public void close() {
    closed = true;
    keep(Optional.empty());
  }
}
