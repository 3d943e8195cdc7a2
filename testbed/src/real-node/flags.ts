// The command lines of a node's programs.
import { NODE_ADDRESS, POD_SUBNET } from './network.ts';

export const NODE_NAME = 'node-1';
/** Answers 200 once the rules for Services have been written. */
export const PROXY_HEALTH = '127.0.0.1:10256';
export const DNS_READY = '127.0.0.1:8181';

export interface KubeletFlags {
  readonly config: string;
  readonly kubeconfig: string;
  readonly root: string;
  readonly certificates: string;
}

export function kubeletArgs({ config, kubeconfig, root, certificates }: KubeletFlags): string[] {
  return [
    `--config=${config}`,
    `--kubeconfig=${kubeconfig}`,
    `--root-dir=${root}`,
    `--cert-dir=${certificates}`,
    `--hostname-override=${NODE_NAME}`,
    `--node-ip=${NODE_ADDRESS}`,
    '--v=2',
  ];
}

export function schedulerArgs(kubeconfig: string): string[] {
  return [`--kubeconfig=${kubeconfig}`, '--leader-elect=false', '--bind-address=127.0.0.1'];
}

export function proxyArgs(kubeconfig: string): string[] {
  return [
    `--kubeconfig=${kubeconfig}`,
    // Needs one program, nft, and not the several of iptables.
    '--proxy-mode=nftables',
    `--hostname-override=${NODE_NAME}`,
    `--cluster-cidr=${POD_SUBNET}`,
    `--healthz-bind-address=${PROXY_HEALTH}`,
    '--metrics-bind-address=127.0.0.1:10249',
    // The limits of connection tracking are the machine's.
    '--conntrack-max-per-core=0',
    '--conntrack-tcp-timeout-established=0s',
    '--conntrack-tcp-timeout-close-wait=0s',
  ];
}
