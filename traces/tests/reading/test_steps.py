"""What is new in a call of a model, and which answer belongs to which call of a tool."""

from traces.reading.conversation import Message, Part
from traces.reading.steps import ALONE, Around, known_before, with_answers

SYSTEM = Message("System", (Part("text", "Be brief."),))
ASKED = Message("User", (Part("text", "Weather?"),))
CALL = Part("call", name="weather", value={"city": "Paris"}, id="c1")
RESULT = Part("result", name="weather", value="rain", id="c1")
CALLED, ANSWERED = Message("Assistant", (CALL,)), Message("Tool", (RESULT,))
NEXT = Message("User", (Part("text", "And tomorrow?"),))


def after(*calls):
    return Around(earlier=calls)


def test_of_a_call_without_an_earlier_one_all_is_new():
    assert known_before((SYSTEM, ASKED), ALONE) == 0


def test_what_an_earlier_call_was_sent_and_said_is_known():
    assert known_before((SYSTEM, ASKED, CALLED, ANSWERED), after(((SYSTEM, ASKED), (CALLED,)))) == 3


def test_the_longest_of_the_earlier_calls_counts():
    earlier = after(((ASKED,), (CALLED,)), ((ASKED, CALLED, ANSWERED), ()))
    assert known_before((ASKED, CALLED, ANSWERED, NEXT), earlier) == 3


def test_another_conversation_is_not_known():
    assert known_before((SYSTEM, NEXT, ASKED), after(((SYSTEM, ASKED), ()))) == 0


def test_the_instructions_alone_are_no_conversation():
    assert known_before((SYSTEM, NEXT), after(((SYSTEM,), ()))) == 0


def test_the_last_message_is_new_also_when_a_call_is_tried_again():
    assert known_before((SYSTEM, ASKED), after(((SYSTEM, ASKED), ()))) == 0
    assert known_before((ASKED, NEXT), after(((ASKED, NEXT), ()))) == 1


def test_an_answer_is_known_without_its_reasoning_and_with_another_id():
    said = Message(
        "Assistant", (Part("reasoning", "hm"), Part("call", name="weather", value={"city": "Paris"}, id="x"))
    )
    assert known_before((ASKED, CALLED, ANSWERED), after(((ASKED,), (said,)))) == 2


def test_a_result_stands_beside_its_call():
    (message,) = with_answers((CALLED, ANSWERED), {})
    assert message.parts[0].answer == RESULT


def test_a_result_whose_call_is_elsewhere_stays_a_message():
    assert with_answers((ANSWERED,), {}) == (ANSWERED,)


def test_a_call_takes_its_answer_from_another_step():
    (message,) = with_answers((CALLED,), {"c1": RESULT})
    assert message.parts[0].answer == RESULT


def test_the_rest_of_a_message_stays_when_its_result_moves():
    both = Message("User", (RESULT, Part("text", "And tomorrow?")))
    assert with_answers((CALLED, both), {})[1] == Message("User", (Part("text", "And tomorrow?"),))
