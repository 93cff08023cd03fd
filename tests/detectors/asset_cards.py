"""Detector cards for the real models of others, as their authors' words make them."""

AIZOO = """
card = 1
labels = ["Mask", "NoMask"]
[input]
fit = "stretch"
[candidates]
kind = "ssd"
tensors = ["loc_branch_concat_1/concat", "cls_branch_concat_1/concat"]
anchors = [
  { cells = [33, 33], sizes = [0.04, 0.056], ratios = [1, 0.62, 0.42] },
  { cells = [17, 17], sizes = [0.08, 0.11], ratios = [1, 0.62, 0.42] },
  { cells = [9, 9], sizes = [0.16, 0.22], ratios = [1, 0.62, 0.42] },
  { cells = [5, 5], sizes = [0.32, 0.45], ratios = [1, 0.62, 0.42] },
  { cells = [3, 3], sizes = [0.64, 0.72], ratios = [1, 0.62, 0.42] },
]
"""
ULTRALIGHT = """
card = 1
labels = ["face"]
[input]
offset = 127
factor = 0.0078125
fit = "stretch"
[candidates]
kind = "ssd"
tensors = ["Identity", "Identity_1"]
background = true
anchors = [
  { stride = 8, boxes = [[10, 10], [16, 16], [24, 24]], units = "pixels" },
  { stride = 16, boxes = [[32, 32], [48, 48]], units = "pixels" },
  { stride = 32, boxes = [[64, 64], [96, 96]], units = "pixels" },
  { stride = 64, boxes = [[128, 128], [192, 192], [256, 256]], units = "pixels" },
]
"""
CARDS = {
    "aizoo_face_mask_detection.tflite": AIZOO,
    "aizoo_face_mask_detection_frozen.pb": AIZOO,
    "ultralight_face_RFB_320_nopost.tflite": ULTRALIGHT,
}
ALONE = (
    "yolox_nano_416_float16_quantize.tflite",
    "yolox_nano_416_dynamic_range_quantize.tflite",
    "mobile_object_localizer_v1_192.tflite",
)
"""Those that are read without a card."""
