// AVX-512 with products of bf16.
#include "layout.h"
#include "parallel.h"

#if defined(__x86_64__)
#include <immintrin.h>

#if defined(__clang__)
#pragma clang attribute push(                                                                  \
    __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,avx2,fma,prfchw"))), \
    apply_to = function)
#else
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,avx2,fma,prfchw")
#endif

namespace tidemill {
namespace avx512bf16 {

constexpr bool kHasFma = true;

#include "rows.inc"
#include "lines.inc"
#include "turn512.inc"
#include "widths512.inc"
#include "fill.inc"
#include "pixels.inc"
#include "product.inc"
#include "one512.inc"
#include "dots.inc"

}  // namespace avx512bf16

const Functions kAvx512Bf16 = {
    nullptr,
    avx512bf16::product_bf16,
    nullptr,
    nullptr,
    nullptr,
    nullptr,
    nullptr,
};

}  // namespace tidemill

#if defined(__clang__)
#pragma clang attribute pop
#endif
#endif
