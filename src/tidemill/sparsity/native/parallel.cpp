#include "parallel.h"

#include <atomic>
#include <cstdlib>

#if defined(__linux__)
#include <sys/mman.h>
#endif

// The OpenMP of whoever loaded us: torch's, which has its threads already. No link is made to it,
// so a process without it runs everything in the calling thread.
extern "C" void GOMP_parallel(void (*)(void*), void*, unsigned, unsigned) __attribute__((weak));

namespace tidemill {
namespace {

struct Owner {
  Scratch* held = nullptr;
  ~Owner() { std::free(held); }
};

struct Work {
  Task task;
  const void* job;
  int64_t count;
  std::atomic<int64_t> next{0};
  std::atomic<bool> failed{false};
};

void take_tasks(void* pointer) {
  Work& work = *static_cast<Work*>(pointer);
  Scratch* own = scratch();
  if (own == nullptr) {
    work.failed = true;
    return;
  }
  for (int64_t index; (index = work.next.fetch_add(1)) < work.count;) {
    work.task(work.job, index, *own);
  }
}

}  // namespace

Scratch* scratch() {
  thread_local Owner owner;
  if (owner.held == nullptr) {
    void* found = nullptr;
    if (posix_memalign(&found, alignof(Scratch), sizeof(Scratch)) != 0) return nullptr;
    owner.held = static_cast<Scratch*>(found);
  }
  return owner.held;
}

void want_large_pages(void* from, int64_t bytes) {
#if defined(__linux__) && defined(MADV_HUGEPAGE)
  constexpr std::uintptr_t page = 4096;
  constexpr int64_t worthwhile = 2 << 20;
  if (bytes < worthwhile) return;
  const auto begun = (reinterpret_cast<std::uintptr_t>(from) + page - 1) / page * page;
  const auto ended = (reinterpret_cast<std::uintptr_t>(from) + bytes) / page * page;
  madvise(reinterpret_cast<void*>(begun), ended - begun, MADV_HUGEPAGE);
#else
  (void)from;
  (void)bytes;
#endif
}

bool parallel(int32_t threads, int64_t count, Task task, const void* job) {
  Work work{task, job, count};
  if (threads > count) threads = static_cast<int32_t>(count);
  if (threads <= 1 || GOMP_parallel == nullptr) {
    take_tasks(&work);
  } else {
    GOMP_parallel(take_tasks, &work, static_cast<unsigned>(threads), 0);
  }
  return !work.failed;
}

}  // namespace tidemill
