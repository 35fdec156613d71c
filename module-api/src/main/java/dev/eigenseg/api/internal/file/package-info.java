/** Files that are whole or absent: atomic replacement, checksums, safetensors. */
package dev.eigenseg.api.internal.file;
