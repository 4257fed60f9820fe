#include "tools/uflush/memory.hpp"

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <memory>
#include <new>
#include <string_view>
#include <utility>

#include <mimalloc.h>
#include <sys/socket.h>
#include <unistd.h>

#include "io/spare_memory.hpp"

namespace uflush {
namespace {

/// What the last words are made of.
constexpr std::size_t reserve_bytes = std::size_t{256} * 1024;
constexpr std::string_view first_words = "uflush: fatal: out of memory\n";

std::function<std::vector<PreparedRecord>()> words;
std::unique_ptr<char[]> reserve;
std::atomic_flag is_ending = ATOMIC_FLAG_INIT;

void write_all_words() {
  if (!words) {
    [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, first_words.data(), first_words.size());
    return;
  }
  reserve.reset();
  for (const PreparedRecord& record : words()) {
    [[maybe_unused]] const ssize_t written = ::write(record.fd, record.bytes.data(), record.bytes.size());
  }
}

void on_error(int error, void* /*argument*/) {
  if (error != ENOMEM) return;
  // Whoever fails while the last words are said ends the process without them.
  if (!is_ending.test_and_set()) write_all_words();
  ::_exit(1);
}

/// Before the first allocation, or the allocator's first 32 MiB would count against RLIMIT_DATA although
/// hardly any of them are used.
void choose_options() {
  mi_option_set(mi_option_eager_commit, 0);
  mi_option_set(mi_option_show_errors, 0);
  mi_register_error(on_error, nullptr);
  set_give_memory_back([] { mi_collect(true); });
}

__attribute__((section(".preinit_array"), used)) void (*const choose_early)() = choose_options;

}  // namespace

void say_when_out_of_memory(std::function<std::vector<PreparedRecord>()> last_words) {
  words = std::move(last_words);
  reserve = std::make_unique<char[]>(reserve_bytes);
}

}  // namespace uflush
