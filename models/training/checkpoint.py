"""Training that can be stopped after any epoch and gone on with, to the same weights."""
import os

import torch


def save(path, state):
    """Written beside and renamed: a kill leaves the last whole epoch."""
    torch.save(state, path + '.part')
    os.replace(path + '.part', path)


def load(path, digest):
    """The state at path, or None where there is none. ValueError: it belongs to another job."""
    if not os.path.exists(path):
        return None
    state = torch.load(path, map_location='cpu', **({} if torch.__version__ < '2' else {'weights_only': False}))
    if state['digest'] != digest:
        raise ValueError('checkpoint of another job')
    return state


def copy_of(module):
    return {name: value.detach().cpu().clone() for name, value in module.state_dict().items()}


def run_epochs(*, path, digest, epochs, patience, module, optimizer, schedule, train_epoch, validate, report):
    """Trains until patience runs out; leaves the weights of the best epoch in module and returns the history.

    train_epoch(epoch) → mean loss; validate() → dict with `loss`; both must draw what they draw from the epoch's
    number alone, so that a resumed run equals one that was never stopped.
    """
    state = load(path, digest)
    history, best = [], {'loss': float('inf'), 'epoch': -1, 'weights': copy_of(module)}
    if state is not None:
        history, best = state['history'], state['best']
        module.load_state_dict(state['weights'])
        optimizer.load_state_dict(state['optimizer'])
        schedule.load_state_dict(state['schedule'])
    for epoch in range(len(history), epochs):
        if epoch - 1 - best['epoch'] >= patience and best['epoch'] >= 0:
            break
        module.train()
        loss = train_epoch(epoch)
        module.eval()
        with torch.no_grad():
            row = {'epoch': epoch + 1, 'train_loss': loss, **{'validation_' + k: v for k, v in validate().items()}}
        if row['validation_loss'] < best['loss']:
            best = {'loss': row['validation_loss'], 'epoch': epoch, 'weights': copy_of(module)}
        history.append({**row, 'best_epoch': best['epoch'] + 1})
        save(path, {'digest': digest, 'history': history, 'best': best, 'weights': copy_of(module),
                    'optimizer': optimizer.state_dict(), 'schedule': schedule.state_dict()})
        report(history[-1])
    module.load_state_dict(best['weights'])
    module.eval()
    return history
