/// What tables of other processes have said, as long as it is good.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_map>

#include "core/keyed_hash.hpp"
#include "core/table/inquiry.hpp"
#include "io/clock.hpp"

namespace uflush {

/// Bounded: when it is full it begins anew. Failures do not belong here.
class RememberedAnswers {
 public:
  /// Under what name the answer to a question is kept.
  [[nodiscard]] static std::string name_of(const RemoteQuestion& question) {
    std::string name = question.table;
    name.push_back('\0');
    return name += question.key;
  }

  /// Good until the next call of remember(). Null when there is none that is still good.
  [[nodiscard]] const RemoteAnswer* find(std::string_view name, Instant now) const {
    const auto found = answers_.find(name);
    return found != answers_.end() && now < found->second.good_until ? &found->second : nullptr;
  }

  void remember(std::string name, const RemoteAnswer& answer) {
    if (answers_.size() >= answers_max) answers_.clear();
    answers_.insert_or_assign(std::move(name), answer);
  }

 private:
  static constexpr std::size_t answers_max = 10'000;
  std::unordered_map<std::string, RemoteAnswer, KeyedTextHash, std::equal_to<>> answers_;
};

}  // namespace uflush
