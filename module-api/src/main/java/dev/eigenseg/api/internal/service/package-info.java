/** How service providers are found and loaded, by this module and by those that have their own. */
package dev.eigenseg.api.internal.service;
