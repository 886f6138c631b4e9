"""Labels answers by their bodies and counts them. It must not judge; an answer that fits no
label is counted under a label of its own, never dropped."""
