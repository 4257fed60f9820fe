#include "core/turns.hpp"

namespace uflush {

Turns::Turn::~Turn() {
  if (mutexes_ == nullptr) return;
  guard_.reset();
  if (entry_->second.is_free()) mutexes_->erase(mutexes_->find(entry_->first));
}

Task<Turns::Turn> Turns::wait_for(const std::string& name) {
  Mutexes::value_type& mine = entry(name);
  auto guard = co_await mine.second.lock();
  Turn turn{mutexes_, mine, std::move(guard)};
  co_return turn;
}

std::optional<Turns::Turn> Turns::try_now(const std::string& name) {
  Mutexes::value_type& mine = entry(name);
  auto guard = mine.second.try_lock();
  if (!guard) return std::nullopt;
  return Turn{mutexes_, mine, std::move(*guard)};
}

}  // namespace uflush
