// AVX-512: 64 tokens are four vectors.
#include "encoder.h"
#include "expand.h"
#include "layout.h"
#include "parallel.h"

#if defined(__x86_64__)
#include <immintrin.h>

#if defined(__clang__)
#pragma clang attribute push(                                                      \
    __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,prfchw"))), \
    apply_to = function)
#else
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,prfchw")
#endif

namespace tidemill {
namespace avx512 {

constexpr bool kHasFma = true;

#include "rows.inc"
#include "lines.inc"
#include "turn512.inc"
#include "widths512.inc"
#include "fill.inc"
#include "pixels.inc"
#include "product.inc"
#include "one512.inc"
constexpr int kVectorBytes = 64;

#include "make.inc"
#include "decay.inc"
#include "expand.inc"
#include "vectors.inc"
#include "encoder.inc"

}  // namespace avx512

const Functions kAvx512 = {
    avx512::product_f32,
    avx512::product_with<avx512::Plain<bf16>>,
    avx512::make_with<float>,
    avx512::make_with<bf16>,
    avx512::decay_all,
    avx512::expand_with,
    avx512::encode_with<avx512::product_f32>,
};

}  // namespace tidemill

#if defined(__clang__)
#pragma clang attribute pop
#endif
#endif
