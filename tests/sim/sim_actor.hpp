/// Somebody outside of the daemon who acts by himself.
#pragma once

namespace uflush {

class SimActor {
 public:
  SimActor() = default;
  SimActor(const SimActor&) = delete;
  SimActor& operator=(const SimActor&) = delete;
  virtual ~SimActor() = default;

  /// Whether `act` would get ahead now. An actor that waits for somebody says no.
  [[nodiscard]] virtual bool can_act() const = 0;
  /// One small step.
  virtual void act() = 0;
};

}  // namespace uflush
