package dev.eigenseg.api.internal.kernel;

/** The decision between vectors and the scalar twin, made once. */
record Selection(VectorMath math, String text) {
  static final Selection DECISION = new Selection(ScalarMath.INSTANCE, "scalar");
}
