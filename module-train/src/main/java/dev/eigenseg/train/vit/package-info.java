/** Vision Transformers run by DJL. Not exported: found through the service interface. */
package dev.eigenseg.train.vit;
