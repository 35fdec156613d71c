package dev.eigenseg.infer.vit;

/** Under whose names a checkpoint's tensors are, which tells how the rest is to be read. */
enum VitForm {
  /** timm's, which are those of DINO's repository, of DeiT's and of MAE's too. */
  TIMM,
  /** DINOv2's own repository. */
  DINOV2,
  /** DINOv3's own repository. */
  DINOV3,
  /** The ViT, DeiT or MAE of Hugging Face's transformers. */
  TRANSFORMERS_VIT,
  /** Its DINOv2, with registers or without. */
  TRANSFORMERS_DINOV2,
  /** Its DINOv3. */
  TRANSFORMERS_DINOV3,
  /** The image towers of its CLIP and SigLIP. */
  TRANSFORMERS_CLIP;

  boolean ofTransformers() {
    return compareTo(TRANSFORMERS_VIT) >= 0;
  }
}
