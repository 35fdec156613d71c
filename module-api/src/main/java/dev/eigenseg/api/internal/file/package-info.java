/** Files that are whole or absent: whole writes, atomic replacement, checksums, safetensors. */
package dev.eigenseg.api.internal.file;
