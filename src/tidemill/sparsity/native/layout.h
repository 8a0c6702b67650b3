// How a sparse matrix lies in memory for the kernels, and what they are asked to do with it.
//
// A form is cut along the contraction into blocks of as many whole groups as fit a tile:
//
//     values  [block][row][kept]   float, or bf16
//     offsets [block][row][kept]   uint16: bytes from the tile's start to the activation's row
//
// A tile holds the activations of one block, turned: [contraction of the block][tokens], every
// row kTileBytes wide, so that a weight's offset is its place in the block times that width. It
// stays in the first-level cache while all rows of the matrix pass by.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tidemill {

using std::int32_t;
using std::int64_t;
using std::uint16_t;
using std::uint32_t;
using std::uint64_t;
using std::uint8_t;

struct bf16 {
  uint16_t bits;
};

enum class Dtype : int32_t { f32 = 0, bf16 = 1, f16 = 2 };
enum class Isa : int32_t { portable = 0, avx2 = 1, avx512 = 2, avx512bf16 = 3 };

// 24 KB of a first-level cache of 32: the rest is for weights and sums that stream through.
constexpr int kTileBytes = 24 * 1024;

template <class T>
struct TileOf;

template <>
struct TileOf<float> {
  static constexpr int row_bytes = 256;  // 64 tokens
};

template <>
struct TileOf<bf16> {
  static constexpr int row_bytes = 128;  // 64 tokens in bf16, or 32 widened to float
};

struct Layout {
  int64_t rows;
  int64_t contraction;
  int32_t n;
  int32_t m;
  int32_t block;      // contraction of a full block
  int32_t row_bytes;  // of the tile
  bool even;          // whether rows of a block are filled up to whole pairs

  Layout(int64_t rows, int64_t contraction, int32_t n, int32_t m, Dtype dtype)
      : rows(rows), contraction(contraction), n(n), m(m),
        row_bytes(dtype == Dtype::f32 ? TileOf<float>::row_bytes : TileOf<bf16>::row_bytes),
        even(dtype != Dtype::f32) {
    block = kTileBytes / row_bytes / m * m;
  }

  int64_t blocks() const { return (contraction + block - 1) / block; }
  int32_t depth(int64_t index) const {
    const int64_t left = contraction - index * block;
    return static_cast<int32_t>(left < block ? left : block);
  }
  // Entries of a row in a block, with what fills up its last pair.
  int32_t kept(int64_t index) const {
    const int32_t exact = depth(index) / m * n;
    return even ? (exact + 1) & ~1 : exact;
  }
  int64_t start(int64_t index) const { return index * rows * kept(0); }
  // Where in its block of such a depth the weight of an offset stands; never beyond.
  int32_t place(uint16_t offset, int32_t depth) const {
    const int32_t found = offset >> __builtin_ctz(row_bytes);
    return found < depth ? found : depth - 1;
  }
  // A pair is filled up with a zero that points behind the block, where the tile holds zeros.
  uint16_t padding_offset() const { return static_cast<uint16_t>(block * row_bytes); }
};

// Where a convolution's tokens, its output pixels, find their activations: of the image
// [batch][height][width][channels], what lies under the kernel, [down][across][channels]. Beyond
// the image are zeros.
struct Image {
  int64_t height, width, channels;
  int64_t kernel_width;  // its height follows from the contraction
  int64_t stride_down, stride_across;
  int64_t padding_down, padding_across;  // may be negative
  int64_t dilation_down, dilation_across;
  int64_t out_height, out_width;
};

// y[tokens][rows] = x[tokens][contraction] * form^T + bias
struct Product {
  Layout layout;
  const void* x;
  int64_t x_stride;    // of a token, in elements
  const Image* image;  // of which x holds the pixels, or null: then tokens are lines of x
  const void* values;
  const uint16_t* offsets;
  const void* bias;  // or null
  void* y;
  int64_t tokens;
  int32_t threads;
};

// The form of weight[rows][columns], groups along its columns or along its rows.
struct Making {
  Layout layout;
  const float* weight;
  int64_t columns;
  bool along_rows;
  void* values;
  uint16_t* offsets;
  int32_t threads;
};

// gradient[rows][contraction] += decay * weight, where the form dropped a weight
struct Decay {
  Layout layout;
  float* gradient;
  const float* weight;
  const uint16_t* offsets;
  float decay;
  int32_t threads;
};

// Where the form keeps a weight, found[rows][contraction] is that weight, or 1 where none are given;
// elsewhere it is 0.
struct Marking {
  Layout layout;
  const uint16_t* offsets;
  const float* weight;  // or null
  void* found;          // floats like the weight, or bytes
  int32_t threads;
};

bool mark(const Marking& wanted);

struct Encoding;   // see encoder.h
struct Expanding;  // see expand.h

// What every instruction set offers; a null entry is made by the next smaller one.
struct Functions {
  bool (*product_f32)(const Product&);
  bool (*product_bf16)(const Product&);
  bool (*make_f32)(const Making&);
  bool (*make_bf16)(const Making&);
  bool (*decay)(const Decay&);
  bool (*expand)(const Expanding&);
  bool (*encode)(const Encoding&);
};

extern const Functions kPortable;
extern const Functions kAvx2;
extern const Functions kAvx512;
extern const Functions kAvx512Bf16;

inline float widened(float value) { return value; }
inline float widened(bf16 value) {
  const uint32_t bits = static_cast<uint32_t>(value.bits) << 16;
  float found;
  __builtin_memcpy(&found, &bits, sizeof found);
  return found;
}

template <class T>
inline T narrowed(float value);
template <>
inline float narrowed<float>(float value) {
  return value;
}
// To the nearest, ties to even; a NaN stays one.
template <>
inline bf16 narrowed<bf16>(float value) {
  uint32_t bits;
  __builtin_memcpy(&bits, &value, sizeof bits);
  const uint32_t quiet = (bits >> 16) | 0x40u;
  const uint32_t nearest = (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
  return {static_cast<uint16_t>((bits & 0x7fffffffu) > 0x7f800000u ? quiet : nearest)};
}

}  // namespace tidemill
