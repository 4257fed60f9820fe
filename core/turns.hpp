/// One send per logfile at a time.
#pragma once

#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

#include "core/keyed_hash.hpp"
#include "io/loop.hpp"
#include "io/mutex.hpp"
#include "io/task.hpp"

namespace uflush {

/// A mutex for each name that somebody uses. Nobody may hold or want a turn when it is destroyed.
class Turns {
 public:
  explicit Turns(Loop& loop) : loop_(loop) {}

 private:
  using Mutexes = std::unordered_map<std::string, Mutex, KeyedTextHash>;

 public:
  /// Lasts until it goes.
  class [[nodiscard]] Turn {
   public:
    Turn(Turn&& other) noexcept
        : mutexes_(std::exchange(other.mutexes_, nullptr)),
          entry_(other.entry_),
          guard_(std::move(other.guard_)) {}
    Turn& operator=(Turn&&) = delete;
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    ~Turn();

   private:
    friend class Turns;
    Turn(Mutexes& mutexes, Mutexes::value_type& entry, Mutex::Guard guard)
        : mutexes_(&mutexes), entry_(&entry), guard_(std::move(guard)) {}

    Mutexes* mutexes_;
    Mutexes::value_type* entry_;
    std::optional<Mutex::Guard> guard_;
  };

  /// First come, first served.
  Task<Turn> wait_for(const std::string& name);
  /// Nothing when somebody else has it.
  [[nodiscard]] std::optional<Turn> try_now(const std::string& name);

 private:
  Mutexes::value_type& entry(const std::string& name) { return *mutexes_.try_emplace(name, loop_).first; }

  Loop& loop_;
  Mutexes mutexes_;
};

}  // namespace uflush
