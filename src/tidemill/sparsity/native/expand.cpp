#include "expand.h"

#include <cstring>

#include "parallel.h"

namespace tidemill {
namespace {

using tidemill::widened;

struct half {
  uint16_t bits;
};

// Exact: every half float is a float. Denormals are scaled by arithmetic that knows them.
float widened(half value) {
  const uint32_t sign = static_cast<uint32_t>(value.bits & 0x8000u) << 16;
  const uint32_t rest = value.bits & 0x7fffu;
  if (rest < 0x400u) {
    const float small = static_cast<float>(rest) * 0x1p-24f;
    return sign ? -small : small;
  }
  const uint32_t bits = sign | ((rest << 13) + (rest >= 0x7c00u ? 0x70000000u : 0x38000000u));
  float found;
  std::memcpy(&found, &bits, sizeof found);
  return found;
}

struct Job {
  const Making& target;
  const Packed& packed;
  int32_t index_bits;
  int64_t kept;  // of a whole row
};

constexpr int64_t kRowsOfTask = 64;

// Where in its group entry `number` stands. Indices have at most 5 bits, so two bytes hold one.
inline int32_t place_of(const Job& job, int64_t number) {
  if (job.index_bits == 0) return static_cast<int32_t>(number % job.target.layout.m);
  const int64_t bit = number * job.index_bits, byte = bit >> 3;
  const uint32_t low = job.packed.indices[byte];
  const uint32_t high = byte + 1 < job.packed.bytes ? job.packed.indices[byte + 1] : 0;
  const auto place =
      static_cast<int32_t>(((low | high << 8) >> (bit & 7)) & ((1u << job.index_bits) - 1));
  // A damaged file may say more than a group has: what is read stays inside the tile.
  return place < job.target.layout.m ? place : job.target.layout.m - 1;
}

template <class From, class To>
void expand_row(const Job& job, int64_t row) {
  const Layout& layout = job.target.layout;
  const From* from = static_cast<const From*>(job.packed.values) + row * job.kept;
  int64_t number = row * job.kept;
  for (int64_t block = 0; block < layout.blocks(); ++block) {
    const int32_t kept = layout.kept(block), exact = layout.depth(block) / layout.m * layout.n;
    To* values = static_cast<To*>(job.target.values) + layout.start(block) + row * kept;
    uint16_t* offsets = job.target.offsets + layout.start(block) + row * kept;
    for (int32_t group = 0, entry = 0; entry < exact; ++group) {
      for (int32_t i = 0; i < layout.n; ++i, ++entry, ++number, ++from) {
        values[entry] = narrowed<To>(widened(*from));
        const int32_t place = group * layout.m + place_of(job, number);
        offsets[entry] = static_cast<uint16_t>(place * layout.row_bytes);
      }
    }
    if (exact < kept) {
      values[exact] = To{};
      offsets[exact] = layout.padding_offset();
    }
  }
}

template <class From, class To>
void expand_task(const void* pointer, int64_t index, Scratch&) {
  const Job& job = *static_cast<const Job*>(pointer);
  const int64_t end = (index + 1) * kRowsOfTask;
  for (int64_t row = index * kRowsOfTask; row < end && row < job.target.layout.rows; ++row) {
    expand_row<From, To>(job, row);
  }
}

template <class To>
Task task_from(Dtype dtype) {
  if (dtype == Dtype::f32) return expand_task<float, To>;
  if (dtype == Dtype::bf16) return expand_task<bf16, To>;
  return expand_task<half, To>;
}

int32_t bits_of(int32_t n, int32_t m) {
  int32_t bits = 0;
  if (n == m) return 0;
  while ((1 << bits) < m) ++bits;
  return bits;
}

}  // namespace

bool expand(const Making& target, const Packed& packed, bool to_bf16) {
  const Layout& layout = target.layout;
  const Job job{target, packed, bits_of(layout.n, layout.m),
                layout.contraction / layout.m * layout.n};
  const int64_t count = (layout.rows + kRowsOfTask - 1) / kRowsOfTask;
  const Task task = to_bf16 ? task_from<bf16>(packed.dtype) : task_from<float>(packed.dtype);
  return parallel(target.threads, count, task, &job);
}

}  // namespace tidemill
