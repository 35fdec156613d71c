/**
 * What a model is: its file, its configuration and its method.
 *
 * <p>Applications do not need to name this package: with this module on the path, {@link
 * dev.eigenseg.api.Segmenter#load(java.nio.file.Path)} finds the loader of segmenter files here,
 * and {@link dev.eigenseg.api.Backbones} the backbones {@code descriptor} (built in) and {@code
 * vit:FILE} (Vision Transformers in safetensors), both as services. Everything runs on the JDK's
 * Vector API, without any native library; the module {@code jdk.incubator.vector} is resolved on
 * the module path, and on the class path has to be named: {@code --add-modules
 * jdk.incubator.vector}.
 *
 * <p>A {@link dev.eigenseg.infer.SegmenterModel} holds what training learned: the weights of psi in
 * the shapes of a {@link dev.eigenseg.infer.PsiConfig}, or centroids of k-means, or both, as its
 * {@link dev.eigenseg.infer.SegmenterMethod} says; the scales of its input ({@link
 * dev.eigenseg.infer.FeatureScales}); and what it says of itself, by which a wrong backbone is
 * refused. {@link dev.eigenseg.infer.SegmenterFile} writes and reads it as one safetensors file,
 * with the backbone inside if that is wanted. Who only segments sees none of this; who trains in
 * another way than {@code dev.eigenseg.train} writes such a file, and has a model.
 */
package dev.eigenseg.infer;
