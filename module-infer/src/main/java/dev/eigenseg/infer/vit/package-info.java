/**
 * Vision Transformers as timm publishes them: checkpoints, their configuration, and the backbone on
 * the Vector API.
 */
package dev.eigenseg.infer.vit;
