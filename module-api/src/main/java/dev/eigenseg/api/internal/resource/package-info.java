/** How resources end: all of them, whatever fails, and none while somebody uses it. */
package dev.eigenseg.api.internal.resource;
