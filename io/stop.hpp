/// Asking coroutines to come to an end. One thread, no atomics.
///
/// A `StopSource` is asked once; everybody who listens through one of its tokens hears it at once, and who
/// comes later sees it in the token. Being asked is a wish: who listens decides how to end.
#pragma once

#include <boost/intrusive/list.hpp>

#include "io/check.hpp"

namespace uflush {

/// Hears of the request. Leaves the source's list by itself when it is destroyed.
class StopListener
    : public boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
 public:
  StopListener() = default;
  StopListener(const StopListener&) = delete;
  StopListener& operator=(const StopListener&) = delete;
  virtual ~StopListener() = default;
  virtual void on_stop() noexcept = 0;
};

class StopSource {
 public:
  StopSource() = default;
  StopSource(const StopSource&) = delete;
  StopSource& operator=(const StopSource&) = delete;
  ~StopSource() { FLUSH_ASSERT(listeners_.empty()); }

  /// Tells every listener. A second call does nothing.
  void request_stop() noexcept {
    if (requested_) return;
    requested_ = true;
    while (!listeners_.empty()) {
      StopListener& listener = listeners_.front();
      listeners_.pop_front();
      listener.on_stop();
    }
  }
  [[nodiscard]] bool stop_requested() const noexcept { return requested_; }

 private:
  friend class StopToken;
  using Listeners = boost::intrusive::list<StopListener, boost::intrusive::constant_time_size<false>>;
  Listeners listeners_;
  bool requested_ = false;
};

/// A view of a source, which must outlive it. A default one never stops.
class StopToken {
 public:
  StopToken() = default;
  StopToken(StopSource& source) noexcept : source_(&source) {}  // NOLINT: a source is a token

  [[nodiscard]] bool stop_requested() const noexcept {
    return source_ != nullptr && source_->stop_requested();
  }

  /// `listener` hears of the request when it comes. Not called at once when it has come already: ask first.
  void subscribe(StopListener& listener) const noexcept {
    if (source_ != nullptr) source_->listeners_.push_back(listener);
  }

 private:
  StopSource* source_ = nullptr;
};

}  // namespace uflush
