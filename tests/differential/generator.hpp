/// Draws the steps of a scenario from a seed.
#pragma once

#include <string>
#include <vector>

#include "protocol/queue_path.hpp"
#include "tests/differential/configuration.hpp"
#include "tests/differential/step.hpp"
#include "tests/sim/dice.hpp"

namespace uflush::differential {

/// Knows nothing of what the steps before did: any part of a scenario is a scenario.
///
/// Queue files are put where protocol/ expects them. Were that wrong, only one of the daemons would find
/// them.
class Generator {
 public:
  Generator(const Configuration& configuration, Seed seed);

  [[nodiscard]] Step next();

 private:
  [[nodiscard]] std::vector<SpoolEvent> some_events();
  void add_message_events(std::vector<SpoolEvent>& events);
  void add_log_events(std::vector<SpoolEvent>& events);
  [[nodiscard]] SpoolEvent rare_event();
  void add_with_parents(std::vector<SpoolEvent>& events, SpoolEvent event);
  [[nodiscard]] SpoolEvent message_event(const std::string& path);
  [[nodiscard]] std::string log_content();

  [[nodiscard]] Conversation some_conversation();
  [[nodiscard]] std::string valid_request();
  [[nodiscard]] Conversation trigger();
  [[nodiscard]] Conversation with_short_first_piece(const std::string& bytes);
  [[nodiscard]] std::vector<std::string> in_pieces(const std::string& bytes);

  [[nodiscard]] std::string site();
  [[nodiscard]] std::string log_name();
  [[nodiscard]] std::string queue_id();
  [[nodiscard]] std::string valid_queue_id();
  [[nodiscard]] std::string queue();
  [[nodiscard]] std::time_t age_s();
  template <typename T>
  [[nodiscard]] const T& one_of(const std::vector<T>& items) {
    return items[dice_.below(items.size())];
  }

  const Configuration& configuration_;
  QueueLayout layout_;
  Dice dice_;
};

}  // namespace uflush::differential
