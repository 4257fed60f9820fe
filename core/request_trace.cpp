#include "core/request_trace.hpp"

#include <array>
#include <cstddef>
#include <optional>
#include <span>

#include "protocol/attr_decoder.hpp"

namespace uflush {
namespace {

/// The first bytes of a connection are a trigger when they are that few.
constexpr std::size_t trigger_bytes_max = 2;

struct Form {
  std::string_view word;
  std::array<std::string_view, 2> parameters;  ///< an empty one is none
};

constexpr std::array<Form, 3> forms{{
    {"add", {"site", "queue_id"}},
    {"send_site", {"site", ""}},
    {"send_file", {"queue_id", ""}},
}};

class Tracer {
 public:
  Tracer(Log& log, std::string_view stream_name, std::string_view received)
      : log_(log), stream_name_(stream_name), received_(received) {}

  void trace() {
    const std::optional<std::string_view> word = attribute("request");
    if (!word) return;
    for (const Form& form : forms) {
      if (form.word == *word) return trace_parameters(form);
    }
  }

 private:
  void trace_parameters(const Form& form) {
    for (const std::string_view parameter : form.parameters) {
      if (!parameter.empty() && !attribute(parameter)) return;
    }
    [[maybe_unused]] const auto end = name("(list terminator)");
  }

  std::optional<std::string_view> name(std::string_view wanted) {
    log_.info("{}: wanted attribute: {}", stream_name_, wanted);
    const auto found = scanner_.next(received_);
    if (found) log_.info("input attribute name: {}", found->empty() ? "(end)" : *found);
    return found;
  }

  /// The value of the attribute that is wanted, if it is the one that came.
  std::optional<std::string_view> attribute(std::string_view wanted) {
    if (name(wanted) != wanted) return std::nullopt;
    const auto value = scanner_.next(received_);
    if (value) log_.info("input attribute value: {}", *value);
    return value;
  }

  Log& log_;
  std::string_view stream_name_;
  std::string_view received_;
  TokenScanner scanner_;
};

}  // namespace

void trace_request(Log& log, std::string_view stream_name, std::string_view received) {
  if (received.size() > trigger_bytes_max) Tracer(log, stream_name, received).trace();
}

}  // namespace uflush
