/** The FAISS engine, through JNI. Not exported: found through the service interface. */
package dev.eigenseg.graph.faiss;
