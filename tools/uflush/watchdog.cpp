#include "tools/uflush/watchdog.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <cstddef>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include "io/fd.hpp"

namespace uflush {
namespace {

/// How often the alarm is put off, in fractions of the timeout, as in the reference.
constexpr int parts = 3;
/// alarm(2) counts in unsigned int.
constexpr std::chrono::seconds longest{0x7fffffff};

/// Records as a signal handler can use them.
struct Speech {
  struct Record {
    Fd fd;  ///< our own: the sink may close its own, and a client may get the number
    std::size_t size = 0;
    std::array<char, 512> bytes{};
  };
  std::array<Record, 2> records{};  ///< logger and stderr
  std::size_t count = 0;
};

/// The one that is ready, and the one that is being written while the other one is.
std::array<Speech, 2> speeches;
std::atomic<const Speech*> ready_speech = nullptr;
static_assert(std::atomic<const Speech*>::is_always_lock_free);

extern "C" void say_last_words_and_exit(int /*signal*/) {
  if (const Speech* speech = ready_speech.load()) {
    for (std::size_t i = 0; i < speech->count; ++i) {
      const Speech::Record& record = speech->records[i];
      [[maybe_unused]] const ssize_t written = ::write(record.fd.get(), record.bytes.data(), record.size);
    }
  }
  ::_exit(1);
}

}  // namespace

Watchdog::Watchdog(Loop& loop, std::chrono::seconds timeout, LastWords last_words)
    : loop_(loop), timeout_(std::min(timeout, longest)), last_words_(std::move(last_words)) {
  on_timer();
  std::signal(SIGALRM, say_last_words_and_exit);
}

Watchdog::~Watchdog() {
  ::alarm(0);
  std::signal(SIGALRM, SIG_DFL);
  ready_speech = nullptr;
  speeches = {};
}

void Watchdog::last_call(std::chrono::seconds limit) {
  loop_.timers().cancel(*this);
  std::signal(SIGALRM, SIG_DFL);
  ::alarm(static_cast<unsigned>(limit.count()));
}

void Watchdog::on_timer() noexcept {
  prepare_last_words();
  ::alarm(static_cast<unsigned>(timeout_.count()));
  loop_.timers().set(*this, loop_.now() + std::chrono::duration_cast<Duration>(timeout_) / parts);
}

void Watchdog::prepare_last_words() {
  Speech& speech = ready_speech == &speeches[0] ? speeches[1] : speeches[0];
  speech.count = 0;
  for (const PreparedRecord& prepared : last_words_(std::time(nullptr) + timeout_.count())) {
    if (speech.count == speech.records.size()) break;
    Speech::Record& record = speech.records[speech.count++];
    record.fd.reset(::fcntl(prepared.fd, F_DUPFD_CLOEXEC, 0));
    record.size = prepared.bytes.copy(record.bytes.data(), record.bytes.size());
  }
  ready_speech = &speech;
}

}  // namespace uflush
