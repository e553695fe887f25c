from millrace.text.quotations import Quotation, quotations


def test_quotations_are_compared_with_their_sources() -> None:
    answer = 'He says “Water moves through a  membrane.” [1] and "Cells are small machines" [2], "short".'
    assert quotations(answer, ["Then: water moves\nthrough a membrane. And so on."]) == (
        Quotation("Water moves through a  membrane.", verified=True),
        Quotation("Cells are small machines", verified=False),
    )
