// What library.py calls. Sizes, types and addresses are checked by who asks it; results are 0, or
// 1 when there was no memory for scratch.
#include "encoder.h"
#include "expand.h"
#include "layout.h"

#define TIDEMILL_API extern "C" __attribute__((visibility("default")))

namespace tidemill {
namespace {

bool has(Isa isa) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  const bool avx512 = avx2 && __builtin_cpu_supports("avx512f") &&
                      __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
                      __builtin_cpu_supports("avx512vl");
  if (isa == Isa::avx2) return avx2;
  if (isa == Isa::avx512) return avx512;
  if (isa == Isa::avx512bf16) return avx512 && __builtin_cpu_supports("avx512bf16");
#endif
  return isa == Isa::portable;
}

// The functions of an instruction set, where it lacks one those of the next smaller.
template <class Function>
Function chosen([[maybe_unused]] Isa isa, Function Functions::*which) {
#if defined(__x86_64__)
  if (isa == Isa::avx512bf16 && kAvx512Bf16.*which != nullptr) return kAvx512Bf16.*which;
  if (isa >= Isa::avx512) return kAvx512.*which;
  if (isa == Isa::avx2) return kAvx2.*which;
#endif
  return kPortable.*which;
}

}  // namespace
}  // namespace tidemill

using namespace tidemill;

// A bit for every instruction set that this processor has; Isa numbers them.
TIDEMILL_API int32_t tidemill_nm_isas() {
  int32_t found = 0;
  for (int32_t isa = 0; isa < 4; ++isa) found |= has(static_cast<Isa>(isa)) << isa;
  return found;
}

// Entries of a form: of its values, and as many offsets.
TIDEMILL_API int64_t tidemill_nm_entries(int64_t rows, int64_t contraction, int32_t n, int32_t m,
                                         int32_t dtype) {
  const Layout layout(rows, contraction, n, m, static_cast<Dtype>(dtype));
  const int64_t last = layout.blocks() - 1;
  return layout.start(last) + rows * layout.kept(last);
}

// The places of an image, if there is one, are numbers in the order of its members.
TIDEMILL_API int32_t tidemill_nm_product(
    int64_t rows, int64_t contraction, int32_t n, int32_t m, int32_t dtype, const void* x,
    int64_t x_stride, const void* image, int64_t tokens, const void* values, const void* offsets,
    const void* bias, void* y, int32_t isa, int32_t threads) {
  const Dtype type = static_cast<Dtype>(dtype);
  const Product product{Layout(rows, contraction, n, m, type), x, x_stride,
                        static_cast<const Image*>(image), values,
                        static_cast<const uint16_t*>(offsets), bias, y, tokens, threads};
  const auto which = type == Dtype::f32 ? &Functions::product_f32 : &Functions::product_bf16;
  return !chosen(static_cast<Isa>(isa), which)(product);
}

TIDEMILL_API int32_t tidemill_nm_make(
    int64_t rows, int64_t contraction, int32_t n, int32_t m, int32_t dtype, const void* weight,
    int32_t along_rows, void* values, void* offsets, int32_t isa, int32_t threads) {
  const Dtype type = static_cast<Dtype>(dtype);
  const Making making{Layout(rows, contraction, n, m, type), static_cast<const float*>(weight),
                      along_rows ? rows : contraction, along_rows != 0, values,
                      static_cast<uint16_t*>(offsets), threads};
  const auto which = type == Dtype::f32 ? &Functions::make_f32 : &Functions::make_bf16;
  return !chosen(static_cast<Isa>(isa), which)(making);
}

TIDEMILL_API int32_t tidemill_nm_expand(
    int64_t rows, int64_t contraction, int32_t n, int32_t m, int32_t dtype, const void* packed,
    int32_t packed_dtype, const void* indices, int64_t index_bytes, void* values, void* offsets,
    int32_t isa, int32_t threads) {
  const Dtype type = static_cast<Dtype>(dtype);
  const Making target{Layout(rows, contraction, n, m, type), nullptr, contraction, false, values,
                      static_cast<uint16_t*>(offsets), threads};
  const Packed source{packed, static_cast<Dtype>(packed_dtype),
                      static_cast<const uint8_t*>(indices), index_bytes};
  return !chosen(static_cast<Isa>(isa), &Functions::expand)({target, source});
}

// The decay comes by address: the caller has whole numbers and addresses only.
TIDEMILL_API int32_t tidemill_nm_decay(
    int64_t rows, int64_t contraction, int32_t n, int32_t m, int32_t dtype, void* gradient,
    const void* weight, const void* offsets, const void* decay_by, int32_t isa, int32_t threads) {
  const Decay wanted{Layout(rows, contraction, n, m, static_cast<Dtype>(dtype)),
                     static_cast<float*>(gradient), static_cast<const float*>(weight),
                     static_cast<const uint16_t*>(offsets), *static_cast<const float*>(decay_by),
                     threads};
  return !chosen(static_cast<Isa>(isa), &Functions::decay)(wanted);
}

TIDEMILL_API int32_t tidemill_nm_mark(int64_t rows, int64_t contraction, int32_t n, int32_t m,
                                      int32_t dtype, const void* offsets, const void* weight,
                                      void* found, int32_t threads) {
  const Marking wanted{Layout(rows, contraction, n, m, static_cast<Dtype>(dtype)),
                       static_cast<const uint16_t*>(offsets), static_cast<const float*>(weight),
                       found, threads};
  return !mark(wanted);
}

// Floats of room that an encoding of such sizes, in the order of their members, wants.
TIDEMILL_API int64_t tidemill_nm_encoding_room(const void* sizes) {
  return static_cast<const Sizes*>(sizes)->room();
}

// Layers and sizes are numbers in the order of their members; epsilon comes by address.
TIDEMILL_API int32_t tidemill_nm_encode(const void* sizes, const void* layers, int64_t count,
                                        const void* epsilon, const void* x, const void* mask,
                                        void* y, void* room, int32_t isa, int32_t threads) {
  const Encoding wanted{*static_cast<const Sizes*>(sizes),
                        static_cast<const EncoderLayer*>(layers), count,
                        *static_cast<const float*>(epsilon), static_cast<const float*>(x),
                        static_cast<const float*>(mask), static_cast<float*>(y),
                        static_cast<float*>(room), threads};
  return !chosen(static_cast<Isa>(isa), &Functions::encode)(wanted);
}
