package dev.eigenseg.graph.ivf;

import dev.eigenseg.graph.rows.Candidates;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Stream;

/**
 * The rows of a range of positions as one side of a join; borrows all.
 *
 * @param blocks of the range
 * @param candidates by the place in the range
 * @param locks one for each block: whoever touches a row's candidates holds its block's
 */
record JoinSide(ListBlocks blocks, Candidates candidates, List<ReentrantLock> locks) {
  /** A side that nobody joins yet. */
  static JoinSide of(ListBlocks blocks, Candidates candidates) {
    return new JoinSide(
        blocks, candidates, Stream.generate(ReentrantLock::new).limit(blocks.blocks()).toList());
  }

  /** The place of a block's first row. */
  int place(int block) {
    return Math.toIntExact(blocks.rows(block).first() - blocks.range().first());
  }
}
