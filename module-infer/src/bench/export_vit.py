"""Exports timm's own ViT-S/16 at 480 x 480 pixels with the weights of a checkpoint as TorchScript: pixels in [-1, 1] to low, mid and high
tokens. Arguments: checkpoint, file to write."""
import sys

import timm
import torch
from safetensors.torch import load_file
from timm.models.vision_transformer import checkpoint_filter_fn


class Features(torch.nn.Module):
    def __init__(self, vit):
        super().__init__()
        self.vit = vit

    def forward(self, pixels):
        vit = self.vit
        x = vit.norm_pre(vit.patch_drop(vit._pos_embed(vit.patch_embed(pixels))))
        levels = []
        for i, block in enumerate(vit.blocks):
            x = block(x)
            if i == 0 or i == len(vit.blocks) // 2:
                levels.append(x[:, 1:])
        return levels[0], levels[1], vit.norm(x)[:, 1:]


model = timm.create_model("vit_small_patch16_384", pretrained=False, img_size=480, num_classes=0).eval()
model.load_state_dict(checkpoint_filter_fn(load_file(sys.argv[1]), model))
with torch.no_grad():
    traced = torch.jit.freeze(torch.jit.trace(Features(model).eval(), torch.randn(1, 3, 480, 480)))
torch.jit.save(traced, sys.argv[2])
