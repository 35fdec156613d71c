package dev.eigenseg.infer.vit;

/** Under whose names a checkpoint's tensors are, which tells how the rest is to be read. */
enum VitForm {
  /** timm's, which are those of DINO's repository, of DeiT's and of MAE's too. */
  TIMM("timm"),
  /** DINOv2's own repository. */
  DINOV2("DINOv2's repository"),
  /** DINOv3's own repository. */
  DINOV3("DINOv3's repository"),
  /** The ViT, DeiT or MAE of Hugging Face's transformers. */
  TRANSFORMERS_VIT("transformers' ViT"),
  /** Its DINOv2, with registers or without. */
  TRANSFORMERS_DINOV2("transformers' DINOv2"),
  /** Its DINOv3. */
  TRANSFORMERS_DINOV3("transformers' DINOv3"),
  /** The image towers of its CLIP and SigLIP. */
  TRANSFORMERS_CLIP("transformers' CLIP or SigLIP");

  private final String source;

  VitForm(String source) {
    this.source = source;
  }

  /** Where such names are from, in words. */
  String source() {
    return source;
  }
}
