#include "core/config_changes.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include <poll.h>

#include "io/operation.hpp"

namespace uflush {
namespace {

/// When a start that would fail is rehearsed again, and how much of the time that may take.
constexpr std::chrono::seconds retry_pause{5};
constexpr int retry_share = 100;

}  // namespace

class ConfigChanges::Retry final : private Timer {
 public:
  explicit Retry(ConfigChanges& changes) : changes_(changes) {}
  void start(Duration pause) {
    Loop& loop = changes_.context_.loop;
    loop.timers().set(*this, loop.now() + pause);
  }
  void stop() { changes_.context_.loop.timers().cancel(*this); }

 private:
  void on_timer() noexcept override {
    changes_.retry_ = true;
    changes_.news_.notify();
  }

  ConfigChanges& changes_;
};

ConfigChanges::ConfigChanges(const ConfigChangesContext& context)
    : context_(context), news_(context.loop), retry_timer_(std::make_unique<Retry>(*this)) {}

ConfigChanges::~ConfigChanges() = default;

Task<void> ConfigChanges::run(StopToken stop) {
  Scope readers;
  if (context_.watch != nullptr) readers.spawn(read_watch(done_));
  if (context_.privileged != nullptr) {
    context_.privileged->on_files_changed([this] {
      changed_ = true;
      news_.notify();
    });
  }
  while (!stop.stop_requested()) {
    if (!changed_ && !retry_) {
      co_await news_.wait(stop);
      continue;
    }
    const bool is_change = std::exchange(changed_, false);
    retry_ = false;
    retry_timer_->stop();
    const Instant began = context_.loop.now();
    PrivilegedClient::Rehearsal rehearsal;
    if (context_.privileged != nullptr) rehearsal = co_await context_.privileged->rehearse(stop);
    if (stop.stop_requested()) break;
    if (!rehearsal.took_place && !is_change) continue;  // no more news of our own
    if (context_.watch != nullptr) take_news();
    if (changed_) continue;  // what was rehearsed is no longer what there is
    if (!rehearsal.took_place || rehearsal.would_start) {
      context_.leave();
      break;
    }
    stay(rehearsal.text, context_.loop.now() - began);
  }
  retry_timer_->stop();
  if (context_.privileged != nullptr) context_.privileged->on_files_changed({});
  done_.request_stop();
  co_await readers.join();
}

Task<void> ConfigChanges::read_watch(StopToken stop) {
  const op::Poll readable{.fd = context_.watch->fd(), .events = POLLIN};
  while (!stop.stop_requested()) {
    take_news();  // also what came before there was anybody to watch
    if (const auto ready = co_await Operation{context_.loop, readable, {.stop = stop}}; !ready) co_return;
  }
}

void ConfigChanges::take_news() {
  if (!context_.watch->take_changes()) return;
  changed_ = true;
  news_.notify();
}

void ConfigChanges::stay(const std::string& why, Duration rehearsal_took) {
  if (why != why_it_stays_) {
    context_.log.warning(
        "the configuration has changed, but a start with it would fail, so this process "
        "goes on with the old one: {}",
        why);
  }
  why_it_stays_ = why;
  context_.stay(true);
  retry_timer_->start(std::max<Duration>(retry_pause, retry_share * rehearsal_took));
}

}  // namespace uflush
