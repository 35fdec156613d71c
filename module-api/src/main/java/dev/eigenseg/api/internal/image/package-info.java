/** What image files say of their pixels, and how those become plain RGB. */
package dev.eigenseg.api.internal.image;
