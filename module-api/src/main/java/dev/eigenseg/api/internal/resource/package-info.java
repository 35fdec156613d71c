/**
 * How resources end: all of them, whatever fails, and none while somebody uses it; and memory and
 * functions from beyond the JVM.
 */
package dev.eigenseg.api.internal.resource;
