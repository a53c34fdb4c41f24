// Lines of a text and places in it. A line ends at LF; a CR before it belongs to the end.
#include "core/config/source_text.hpp"

#include <algorithm>

namespace syncline::config {
namespace {

constexpr std::size_t counted_every = 256;

}  // namespace

SourceText::SourceText(std::string_view text) : text_(text) {
    if (text_.substr(0, 3) == "\xEF\xBB\xBF") text_.remove_prefix(3);
    counted_.push_back(0);
    for (std::size_t at = 0; at + counted_every <= text_.size(); at += counted_every)
        counted_.push_back(counted_.back() + count_characters(text_.substr(at, counted_every)));
    starts_.push_back(0);
    for (std::size_t i = 0; i < text_.size(); ++i)
        if (text_[i] == '\n') starts_.push_back(i + 1);
}

std::size_t SourceText::line_start(std::size_t number) const {
    if (number == 0) return 0;
    return number <= starts_.size() ? starts_[number - 1] : text_.size();
}

std::string_view SourceText::line(std::size_t number) const {
    if (number == 0 || number > starts_.size()) return {};
    auto begin = starts_[number - 1];
    auto end = number < starts_.size() ? starts_[number] - 1 : text_.size();
    if (end > begin && text_[end - 1] == '\r') --end;
    return text_.substr(begin, end - begin);
}

std::size_t SourceText::characters_before(std::size_t offset) const {
    auto block = offset / counted_every;
    auto begin = block * counted_every;
    return counted_[block] + count_characters(text_.substr(begin, offset - begin));
}

Place SourceText::place(std::size_t offset, std::size_t bytes) const {
    offset = std::min(offset, text_.size());
    auto next = std::upper_bound(starts_.begin(), starts_.end(), offset);
    auto number = static_cast<std::size_t>(next - starts_.begin());
    auto begin = starts_[number - 1];
    auto end = begin + line(number).size();
    auto first = std::min(offset, end);
    auto last = first + std::min(bytes, end - first);
    auto before = characters_before(first);
    return Place(number, before - characters_before(begin) + 1,
                 std::max<std::size_t>(characters_before(last) - before, 1));
}

std::size_t count_characters(std::string_view text) {
    auto begins = [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; };
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), begins));
}

}  // namespace syncline::config
