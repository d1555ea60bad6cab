"""A network of PyTorch's own modules, trained for two steps."""

import torch
from torch import nn

torch.manual_seed(1)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(3, 5)
        self.fc2 = nn.Linear(5, 2)

    def forward(self, x):
        return self.fc2(torch.tanh(self.fc1(x)))


model = Net()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
x, y = torch.randn(4, 3), torch.randn(4, 2)
for step in range(2):
    loss = ((model(x) - y) ** 2).mean()
    optimizer.zero_grad()
    loss.backward()
    for name, p in model.named_parameters():
        for at in torch.cartesian_prod(*[torch.arange(n) for n in p.shape]).reshape(-1, p.dim()):
            at = tuple(at.tolist())
            index = "".join(f"[{i}]" for i in at)
            print(name + index, p[at].item().hex(), p.grad[at].item().hex())
    print("loss", loss.item().hex(), (1.0).hex())
    optimizer.step()
